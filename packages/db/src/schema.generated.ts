export const requiredSchemaVersion = 1
export type Schema = any
