export { describeSchema } from './describe-schema.ts'
export { describeTypes } from './describe-types.ts'
