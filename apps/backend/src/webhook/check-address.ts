import { isIP } from 'node:net'
import { AppError } from '../app-error.ts'
import type { Config } from '../config.ts'
import { allowedAddresses } from './allowed-addresses.ts'

/**
 * Refuses what can never be called, so that whoever types it learns it there; names are looked up with each message.
 * @throws AppError 'https-needed', 'address-forbidden' (400)
 */
export function checkAddress(config: Config, address: string): void {
  const { protocol, hostname } = new URL(address)
  const addresses = allowedAddresses(config.WEBHOOK_NETWORKS)
  const host = hostname.replace(/^\[|\]$/g, '')
  if (protocol === 'http:' && !(isIP(host) !== 0 && addresses.isAllowedPlain(host)))
    throw new AppError('https-needed', 400, 'The address must begin with https://.')
  if (isIP(host) !== 0 && !addresses.isAllowed(host))
    throw new AppError(
      'address-forbidden',
      400,
      'This address is not public. Whoever runs the installation can allow networks by WEBHOOK_NETWORKS.',
    )
}
