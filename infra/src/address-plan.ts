/** Ranges the platform keeps for itself in an environment with workload profiles (Azure documentation). */
const reserved = [
  '169.254.0.0/16',
  '172.30.0.0/16',
  '172.31.0.0/16',
  '192.0.2.0/24',
  '100.100.0.0/17',
  '100.100.128.0/19',
  '100.100.160.0/19',
  '100.100.192.0/19',
]

interface Range {
  first: number
  /** Length of the prefix in bits. */
  bits: number
}

/** The four subnets, as CIDR texts. */
export interface AddressPlan {
  /** Container Apps environment: /24, enough for a rollout that doubles every replica. */
  apps: string
  /** PostgreSQL: /27, high availability takes four addresses. */
  database: string
  /** Private endpoints: /27. */
  endpoints: string
  /** Private link service: /28, made in every installation so that the link can change without new addresses. */
  link: string
}

function parse(cidr: string): Range | undefined {
  const [, a, b, c, d, bits] = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(cidr) ?? []
  const parts = [a, b, c, d].map(Number)
  if (parts.some((part) => !(part <= 255)) || !(Number(bits) <= 32)) return undefined
  const first = parts.reduce((sum, part) => sum * 256 + part, 0)
  return { first, bits: Number(bits) }
}

const sizeOf = (range: Range): number => 2 ** (32 - range.bits)

const print = (first: number, bits: number): string =>
  `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.')}/${bits}`

/** What speaks against the range, or nothing. */
export function faultOfAddressSpace(cidr: string): string | undefined {
  const range = parse(cidr)
  if (!range) return `'${cidr}' is not an address range such as 10.40.0.0/22`
  if (range.bits > 22) return `'${cidr}' is too small: the four subnets need a /22 or larger`
  if (range.first % sizeOf(range) !== 0) return `'${cidr}' does not begin at a boundary of its size`
  const clash = reserved.find((text) => {
    const other = parse(text)
    return other && range.first < other.first + sizeOf(other) && other.first < range.first + sizeOf(range)
  })
  return clash === undefined ? undefined : `'${cidr}' overlaps ${clash}, which Container Apps keeps for itself`
}

/** The subnets of a range; the upper half of a /22 stays free. */
export function planAddresses(cidr: string): AddressPlan {
  const range = parse(cidr)
  if (!range) throw new Error(`'${cidr}' is not an address range`)
  const start = range.first
  return {
    apps: print(start, 24),
    database: print(start + 256, 27),
    endpoints: print(start + 256 + 32, 27),
    link: print(start + 256 + 64, 28),
  }
}
