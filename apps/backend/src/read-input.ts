import { z } from 'zod'
import { AppError } from './app-error.ts'

/** Query parameters by their schema; every fault is named. */
export function readQuery<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  return read(schema, value, 'query')
}

/** A JSON body by its schema; every fault is named, no value is repeated. */
export function readBody<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  return read(schema, value ?? {}, 'body')
}

function read<Schema extends z.ZodType>(schema: Schema, value: unknown, part: 'query' | 'body'): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const faults = result.error.issues.map((issue) => `${issue.path.join('.') || part}: ${issue.message}`)
  throw new AppError(`malformed-${part}`, 400, faults.join('; ').slice(0, 1000))
}

const idSchema = z.uuid()

/** An id in an address; what cannot be one names nothing. */
export function readId(value: unknown, notFound: () => AppError): string {
  const result = idSchema.safeParse(value)
  if (!result.success) throw notFound()
  return result.data
}
