export { startAzurite, testAzurite, type AzuriteOptions, type RunningAzurite } from './azurite.ts'
export { emptyDatabase, testDatabase, testPostgresUrl, type TestDatabase } from './database.ts'
export { makeSelfSigned, type SelfSigned } from './self-signed.ts'
