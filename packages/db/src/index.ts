export { closeDb, openDb, type Db, type DbOptions } from './connect.ts'
export { requiredSchemaVersion, schemaFault, schemaVersion, type SchemaVersion } from './schema-version.ts'
export type * from './schema.generated.ts'
