import * as authorization from '@pulumi/azure-native/authorization/index.js'
import type { Settings } from './settings.ts'

/**
 * The engine works in whatever subscription the shell is signed in to; the settings only name one.
 * @throws Error before anything is made in another
 */
export async function checkAccount(settings: Pick<Settings, 'subscriptionId' | 'tenantId'>): Promise<void> {
  const account = await authorization.getClientConfig()
  for (const key of ['subscriptionId', 'tenantId'] as const)
    if (account[key].toLowerCase() !== settings[key].toLowerCase())
      throw new Error(
        `${key}: the settings say ${settings[key]}, but you are signed in to ${account[key]}; az account set --subscription ${settings.subscriptionId}`,
      )
}
