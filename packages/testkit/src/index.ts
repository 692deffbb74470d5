export { emptyDatabase, testDatabase, testPostgresUrl, type TestDatabase } from './database.ts'
