const tokenScope = 'https://ossrdbms-aad.database.windows.net/.default'

/**
 * PostgreSQL on Azure takes an access token of a managed identity in the place of a password.
 * @param clientId of a user-assigned identity; without one whatever the machine is signed in as
 * @returns asks for a token that is good now; the SDK keeps one until shortly before its end
 */
export async function entraPassword(clientId: string | undefined): Promise<() => Promise<string>> {
  const { DefaultAzureCredential, ManagedIdentityCredential } = await import('@azure/identity')
  const credential = clientId === undefined ? new DefaultAzureCredential() : new ManagedIdentityCredential({ clientId })
  return async () => (await credential.getToken(tokenScope)).token
}
