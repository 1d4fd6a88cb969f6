// What a play file holds (fruitlab/play/file.py), and which of its pictures make up a batch.

// A safetensors file: eight bytes of length, a JSON header, and numbers as they lie in memory.
function readPlayFile(buffer) {
  const size = Number(new DataView(buffer).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, size)))
  const kinds = { F32: Float32Array, U8: Uint8Array, U16: Uint16Array }, tensors = {}
  const { __metadata__: { fruitlab }, ...there } = header
  for (const [name, { dtype, data_offsets: [from, to] }] of Object.entries(there)) {
    // A copy, because an array of floats cannot begin at any byte.
    tensors[name] = new kinds[dtype](buffer.slice(8 + size + from, 8 + size + to))
  }
  return { notes: JSON.parse(fruitlab), tensors }
}

// A random order of 0 .. count - 1: the hash of fruitlab/training/rng.py, exact in 32 bits.
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

// The batches of restricted training. The last pictures of a batch are replaced by nice ones that
// are kept, in an order of their own.
class Batches {
  constructor(file, settings) {
    const size = settings.batch_size
    this.streams = file.notes.streams
    this.real = file.tensors["labels.real_train"].length
    this.nice = file.tensors["labels.nice_train"].length
    this.perEpoch = Math.min(this.real, size === 0 ? 20 : Math.ceil(this.real / size))
    this.taken = 0  // nice pictures so far
    this.orders = {}
  }
  order(domain, epoch) {
    const known = this.orders[domain]
    if (known?.epoch === epoch) return known.order
    const order = randomOrder(this[domain], this.streams[domain][epoch])
    this.orders[domain] = { epoch, order }
    return order
  }
  // The pictures [set, index] of a step, and whether its batch ends an epoch. `keep` is in percent.
  at(step, keep) {
    const i = step % this.perEpoch, order = this.order("real", Math.floor(step / this.perEpoch))
    const edge = i => Math.floor(i * this.real / this.perEpoch)
    const real = order.slice(edge(i), edge(i + 1))
    const kept = Math.floor(real.length * keep / 100 + 0.5)
    const chosen = real.subarray(0, real.length - kept)
    const pictures = Array.from(chosen, index => ["real_train", index])
    for (let n = 0; n < kept; n++, this.taken++) {
      const nice = this.order("nice", Math.floor(this.taken / this.nice))
      pictures.push(["nice_train", nice[this.taken % this.nice]])
    }
    return [pictures, i === this.perEpoch - 1]
  }
}
