// What a play file holds, and which of its pictures make up a batch: fruitlab/play.py and play_head.py in JavaScript.

// A safetensors file: eight bytes of length, a header in JSON, numbers as they lie in memory.
function readPlayFile(buffer) {
  const size = Number(new DataView(buffer).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, size)))
  const kinds = { F32: Float32Array, U8: Uint8Array, U16: Uint16Array }, tensors = {}
  const { __metadata__: { fruitlab }, ...there } = header
  for (const [name, { dtype, data_offsets: [from, to] }] of Object.entries(there)) {
    tensors[name] = new kinds[dtype](buffer.slice(8 + size + from, 8 + size + to))  // copied: an array of floats may not begin at any byte
  }
  return { notes: JSON.parse(fruitlab), tensors }
}

// A random order of 0 .. count - 1: fruitlab/chance.py's hash, exact in 32 bits.
function randomOrder(count, stream) {
  const bits = new Uint32Array(count)
  for (let i = 0; i < count; i++) {
    let x = i
    for (const step of [stream, stream ^ 0x9E3779B9]) {
      x ^= step
      x = Math.imul(x ^ (x >>> 16), 0x21F0AAAD)
      x = Math.imul(x ^ (x >>> 15), 0x735A2D97)
      x ^= x >>> 15
    }
    bits[i] = x
  }
  return Uint32Array.from(bits.keys()).sort((a, b) => bits[a] - bits[b] || a - b)
}

// Which training pictures make up a batch; the last of it give way to the next nice ones.
class Batches {
  constructor(file, recipe) {
    this.streams = file.notes.streams
    this.real = file.tensors["labels.real_train"].length
    this.nice = file.tensors["labels.nice_train"].length
    this.perEpoch = Math.min(this.real, recipe.batch_size === 0 ? 20 : Math.ceil(this.real / recipe.batch_size))
    this.taken = 0  // nice pictures so far
    this.orders = {}
  }
  order(domain, epoch) {
    const there = this.orders[domain]
    if (there?.epoch === epoch) return there.order
    return (this.orders[domain] = { epoch, order: randomOrder(this[domain], this.streams[domain][epoch]) }).order
  }
  at(step, keep) {
    const i = step % this.perEpoch, order = this.order("real", Math.floor(step / this.perEpoch))
    const real = order.slice(Math.floor(i * this.real / this.perEpoch), Math.floor((i + 1) * this.real / this.perEpoch))
    const kept = Math.floor(real.length * keep / 100 + 0.5)
    const pictures = Array.from(real.subarray(0, real.length - kept), place => ["real_train", place])
    for (let n = 0; n < kept; n++, this.taken++) {
      pictures.push(["nice_train", this.order("nice", Math.floor(this.taken / this.nice))[this.taken % this.nice]])
    }
    return [pictures, i === this.perEpoch - 1]
  }
}
