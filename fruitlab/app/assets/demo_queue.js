// Gradio's client closes its stream of messages when the server says that no event is left. An event
// that joins the queue at that moment would never be answered: its client still takes the stream for
// open, and reads nothing more. So the message is held back while events wait, and the stream goes on
// with a new request.
;(() => {
  const fetched = window.fetch.bind(window)
  const waiting = new Set() // identifiers of events that have joined and are not completed
  const early = new Set() // of those that were completed before the answer to their joining came
  let joining = 0

  const join = async request => {
    joining++
    try {
      const answer = await fetched(request)
      const { event_id: id } = answer.ok ? await answer.clone().json() : {}
      if (id && !early.delete(id)) waiting.add(id)
      return answer
    } finally {
      joining--
    }
  }

  // The messages of one request; returns whether another has to follow.
  const messages = async function* (answer) {
    const reader = answer.body.getReader(), decoder = new TextDecoder()
    for (let rest = ""; ; ) {
      const { done, value } = await reader.read()
      if (done) return false
      const parts = (rest + decoder.decode(value, { stream: true })).split("\n\n")
      rest = parts.pop()
      for (const part of parts) {
        const { msg, event_id: id } = JSON.parse(part.replace(/^data:/, ""))
        if (msg === "process_completed" && !waiting.delete(id)) early.add(id)
        if (msg === "close_stream" && (joining || waiting.size)) return true
        yield `${part}\n\n`
      }
    }
  }

  const stream = async request => {
    const next = () => fetched(request.clone())
    const first = await next()
    if (!first.ok) return first
    const all = (async function* () {
      for (let answer = first; yield* messages(answer); ) answer = await next()
    })()
    const encoder = new TextEncoder()
    const body = new ReadableStream({
      pull: async to => {
        const { done, value } = await all.next()
        done ? to.close() : to.enqueue(encoder.encode(value))
      },
    })
    return new Response(body, { status: first.status, headers: first.headers })
  }

  window.fetch = (resource, options) => {
    const { pathname } = new URL(resource.url ?? resource, location.href)
    if (pathname.endsWith("/queue/join")) return join(new Request(resource, options))
    if (pathname.endsWith("/queue/data")) return stream(new Request(resource, options))
    return fetched(resource, options)
  }
})()
