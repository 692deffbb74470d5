// The "slow but accurate" integer transform that most JPEG programs share, so that results agree to the last bit.
const f0298 = 2446
const f0390 = 3196
const f0541 = 4433
const f0765 = 6270
const f0899 = 7373
const f1175 = 9633
const f1501 = 12_299
const f1847 = 15_137
const f1961 = 16_069
const f2053 = 16_819
const f2562 = 20_995
const f3072 = 25_172
const constBits = 13

const work = new Int32Array(64)

/** One pass over eight lines of eight values, `step` apart, into `work`; values stay scaled by 2^shiftLeft. */
function pass(input: Int32Array, step: number, stride: number, shift: number): void {
  const round = 1 << (shift - 1)
  for (let line = 0; line < 8; line += 1) {
    const at = line * stride
    const i0 = input[at]!
    const i1 = input[at + step]!
    const i2 = input[at + step * 2]!
    const i3 = input[at + step * 3]!
    const i4 = input[at + step * 4]!
    const i5 = input[at + step * 5]!
    const i6 = input[at + step * 6]!
    const i7 = input[at + step * 7]!

    const even = (i2 + i6) * f0541
    const e2 = even - i6 * f1847
    const e3 = even + i2 * f0765
    const e0 = (i0 + i4) * (1 << constBits)
    const e1 = (i0 - i4) * (1 << constBits)

    const z5 = (i7 + i3 + i5 + i1) * f1175
    const z1 = (i7 + i1) * -f0899
    const z2 = (i5 + i3) * -f2562
    const z3 = (i7 + i3) * -f1961 + z5
    const z4 = (i5 + i1) * -f0390 + z5
    const o0 = i7 * f0298 + z1 + z3
    const o1 = i5 * f2053 + z2 + z4
    const o2 = i3 * f3072 + z2 + z3
    const o3 = i1 * f1501 + z1 + z4

    work[at] = (e0 + e3 + o3 + round) >> shift
    work[at + step * 7] = (e0 + e3 - o3 + round) >> shift
    work[at + step] = (e1 + e2 + o2 + round) >> shift
    work[at + step * 6] = (e1 + e2 - o2 + round) >> shift
    work[at + step * 2] = (e1 - e2 + o1 + round) >> shift
    work[at + step * 5] = (e1 - e2 - o1 + round) >> shift
    work[at + step * 3] = (e0 - e3 + o0 + round) >> shift
    work[at + step * 4] = (e0 - e3 - o0 + round) >> shift
  }
}

const block = new Int32Array(64)

/** Coefficients (natural order) times quantisation → samples of `precision` bits, `stride` apart in `out`. */
export function inverseTransform(
  coefficients: Int16Array,
  from: number,
  quantisation: Int32Array,
  precision: number,
  out: Uint8Array | Uint16Array,
  to: number,
  stride: number,
): void {
  for (let index = 0; index < 64; index += 1) block[index] = coefficients[from + index]! * quantisation[index]!
  // One bit less between the passes leaves room for 12-bit samples.
  const between = precision > 8 ? 1 : 2
  pass(block, 8, 1, constBits - between)
  pass(work, 1, 8, constBits + between + 3)
  const middle = 1 << (precision - 1)
  const top = (1 << precision) - 1
  for (let y = 0; y < 8; y += 1) {
    for (let x = 0; x < 8; x += 1) {
      const value = work[y * 8 + x]! + middle
      out[to + y * stride + x] = value < 0 ? 0 : value > top ? top : value
    }
  }
}
