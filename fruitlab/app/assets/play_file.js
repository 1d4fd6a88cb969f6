// Reading a play file, and the training pictures of each batch: fruitlab/play in JavaScript.

// Reads a safetensors file: eight bytes of length, a JSON header, then the tensors.
function readPlayFile(buffer) {
  const size = Number(new DataView(buffer).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, size)))
  const types = { F32: Float32Array, U8: Uint8Array, U16: Uint16Array }
  const { __metadata__: metadata, ...entries } = header
  const tensors = {}
  for (const [name, { dtype, data_offsets: offsets }] of Object.entries(entries)) {
    const [start, end] = offsets.map(offset => 8 + size + offset)
    tensors[name] = new types[dtype](buffer.slice(start, end)) // a copy, which is aligned
  }
  return { notes: JSON.parse(metadata.fruitlab), tensors }
}

// A random permutation of 0 .. count - 1, by the same 32-bit hash as fruitlab/training/rng.py.
function permutation(count, stream) {
  const bits = new Uint32Array(count)
  for (let i = 0; i < count; i++) {
    let x = i
    for (const key of [stream, stream ^ 0x9e3779b9]) {
      x ^= key
      x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
      x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
      x ^= x >>> 15
    }
    bits[i] = x
  }
  return Uint32Array.from(bits.keys()).sort((a, b) => bits[a] - bits[b] || a - b)
}

// The pictures of each batch: real ones, the last of which are replaced by replayed nice ones.
class Batches {
  constructor(file, settings) {
    this.streams = file.notes.streams
    this.real = file.tensors["labels.real_train"].length
    this.nice = file.tensors["labels.nice_train"].length
    const { batch_size: size } = settings
    this.perEpoch = Math.min(this.real, size === 0 ? 20 : Math.ceil(this.real / size))
    this.taken = 0 // nice pictures so far
    this.orders = {}
  }

  order(domain, epoch) {
    const known = this.orders[domain]
    if (known?.epoch === epoch) return known.order
    const order = permutation(this[domain], this.streams[domain][epoch])
    this.orders[domain] = { epoch, order }
    return order
  }

  // The pictures [set, index] of an iteration with this percentage of replayed nice ones, and
  // whether it is the last of its epoch.
  at(step, percentage) {
    const i = step % this.perEpoch
    const order = this.order("real", Math.floor(step / this.perEpoch))
    const start = Math.floor((i * this.real) / this.perEpoch)
    const end = Math.floor(((i + 1) * this.real) / this.perEpoch)
    const real = order.slice(start, end)
    const replayed = Math.floor((real.length * percentage) / 100 + 0.5)
    const kept = real.subarray(0, real.length - replayed)
    const pictures = Array.from(kept, index => ["real_train", index])
    for (let n = 0; n < replayed; n++, this.taken++) {
      const nice = this.order("nice", Math.floor(this.taken / this.nice))
      pictures.push(["nice_train", nice[this.taken % this.nice]])
    }
    return [pictures, i === this.perEpoch - 1]
  }
}
