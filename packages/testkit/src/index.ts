export { startAzurite, testAzurite, type AzuriteOptions, type RunningAzurite } from './azurite.ts'
export { addTestToken, signedFetch, testCaller, testKeys, testToken } from './caller.ts'
export { emptyDatabase, testDatabase, testPostgresUrl, type TestDatabase } from './database.ts'
export { makeSelfSigned, type SelfSigned } from './self-signed.ts'
