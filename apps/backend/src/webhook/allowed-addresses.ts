import { lookup as resolveName } from 'node:dns/promises'
import { BlockList, isIP, isIPv4, type LookupFunction } from 'node:net'
import { callbackify } from 'node:util'
import ipaddr from 'ipaddr.js'

export type Resolve = (name: string) => Promise<{ address: string; family: number }[]>

/** Where a webhook may call. */
export interface AllowedAddresses {
  isAllowed(address: string): boolean
  /** Without TLS only this machine may be called, and only where the operator lists it. */
  isAllowedPlain(address: string): boolean
  /** For a socket: resolves a name and gives what may be called, so that what was checked is what is connected to. */
  lookup: LookupFunction
}

/** The address may not be called; nothing was sent. */
export class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError'
}

// Azure's platform answers every machine there, its keys included, at a public address.
const platformAddresses = new Set(['168.63.129.16'])

/**
 * Public addresses, and the networks that the operator lists: whoever sets a webhook's address must not reach what only this
 * server reaches (server-side request forgery), be it by number, by a name, or by a name that changes its mind (DNS rebinding).
 */
export function allowedAddresses(
  networks: readonly string[],
  resolve: Resolve = (name) => resolveName(name, { all: true }),
): AllowedAddresses {
  const listed = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    listed.addSubnet(address, Number(bits), isIPv4(address) ? 'ipv4' : 'ipv6')
  }
  const isListed = (address: string): boolean => listed.check(plain(address), isIPv4(plain(address)) ? 'ipv4' : 'ipv6')
  const isAllowed = (address: string): boolean =>
    isIP(address) !== 0 &&
    (isListed(address) || (ipaddr.process(address).range() === 'unicast' && !platformAddresses.has(plain(address))))

  const find = callbackify(async (name: string, family: number) => {
    const found = await resolve(name)
    const allowed = found.filter((one) => isAllowed(one.address) && (family === 0 || one.family === family))
    const [first] = allowed
    if (!first) throw new ForbiddenAddressError(`${name} leads to no address that may be called.`)
    return { first, allowed }
  })
  const lookup: LookupFunction = (name, options, callback) => {
    find(name, familyOf(options.family), (error, found) => {
      if (error) callback(error, '', 0)
      else if (options.all) callback(null, found.allowed)
      else callback(null, found.first.address, found.first.family)
    })
  }
  return {
    isAllowed,
    isAllowedPlain: (address) => isListed(address) && ipaddr.process(address).range() === 'loopback',
    lookup,
  }
}

const familyOf = (family: number | 'IPv4' | 'IPv6' | undefined): number =>
  family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : (family ?? 0)

/** ::ffff:10.0.0.1 is 10.0.0.1. */
const plain = (address: string): string => ipaddr.process(address).toString()
