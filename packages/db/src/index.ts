export {
  addressOf,
  closeDb,
  type Db,
  type DbCredentials,
  type DbCredentialSource,
  type DbOptions,
  openDb,
  retireConnections,
} from './connect.ts'
export { entraPassword } from './entra-password.ts'
export { requiredSchemaVersion, schemaFault, schemaVersion, type SchemaVersion } from './schema-version.ts'
export type * from './schema.generated.ts'
