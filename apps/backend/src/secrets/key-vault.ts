import { AppError } from '../app-error.ts'

/** Secrets by name, newest version. */
export interface KeyVault {
  /** Undefined when there is no such secret. @throws AppError 'key-vault-…' (503) that names vault and secret, never a value */
  read(name: string): Promise<string | undefined>
  /** A new version; older ones stay. Its last day is noted, so that an alert reminds of the next rotation. */
  write(name: string, value: string): Promise<void>
}

// Yearly, and a month more to do it in. The vault only tells the date: what ran out can still be read.
const daysOfASecret = 400

export interface KeyVaultOptions {
  /** https://….vault.azure.net */
  url: string
  /** Of the user-assigned managed identity; absent = the system's or a developer's own. */
  clientId: string | undefined
  /** Certificate to trust besides the system's own: for a vault on the loopback. */
  ca?: string
}

/** Azure Key Vault through the managed identity. Loaded only where it is used. */
export async function openKeyVault({ url, clientId, ca }: KeyVaultOptions): Promise<KeyVault> {
  const { SecretClient } = await import('@azure/keyvault-secrets')
  const { DefaultAzureCredential, ManagedIdentityCredential } = await import('@azure/identity')
  const credential = clientId === undefined ? new DefaultAzureCredential() : new ManagedIdentityCredential({ clientId })
  const { hostname } = new URL(url)
  const client = new SecretClient(url, credential, {
    // The challenge must name the vault's own domain, so that no token goes elsewhere; the loopback has none.
    disableChallengeResourceVerification: hostname === '127.0.0.1' || hostname === 'localhost',
    retryOptions: { maxRetries: 3, retryDelayInMs: 200, maxRetryDelayInMs: 2000 },
    ...(ca === undefined ? {} : { tlsOptions: { ca } }),
  })
  const fault = (name: string, error: unknown): AppError => {
    const { statusCode } = error as { statusCode?: number }
    const words =
      statusCode === 403
        ? 'refuses this identity; it needs the role Key Vault Secrets User (to rotate: Secrets Officer)'
        : statusCode === undefined
          ? 'does not answer'
          : `answered ${statusCode}`
    const code = statusCode === 403 ? 'key-vault-forbidden' : 'key-vault-unavailable'
    return new AppError(code, 503, `The key vault ${hostname} ${words} (secret '${name}').`, { cause: error })
  }
  return {
    async read(name) {
      try {
        return (await client.getSecret(name)).value
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode === 404) return undefined
        throw fault(name, error)
      }
    },
    async write(name, value) {
      try {
        await client.setSecret(name, value, { expiresOn: new Date(Date.now() + daysOfASecret * 86_400_000) })
      } catch (error) {
        throw fault(name, error)
      }
    },
  }
}
