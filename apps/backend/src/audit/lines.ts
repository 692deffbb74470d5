import { type AuditEvent, csvField } from '@instandt/api'

/** Events as a file: RFC 4180 with a head line, or one JSON object a line. */
export function auditLines(format: 'csv' | 'jsonl', events: AsyncIterable<AuditEvent>): AsyncGenerator<string> {
  return format === 'csv' ? csvLines(events) : jsonLines(events)
}

async function* jsonLines(events: AsyncIterable<AuditEvent>): AsyncGenerator<string> {
  for await (const event of events) yield `${JSON.stringify(event)}\n`
}

const csvColumns = [
  'id',
  'at',
  'actorKind',
  'actorId',
  'actorName',
  'address',
  'requestId',
  'action',
  'result',
  'project',
  'studyInstanceUid',
  'component',
  'target',
  'count',
  'detail',
  'sealedAs',
] as const satisfies readonly (keyof AuditEvent)[]

async function* csvLines(events: AsyncIterable<AuditEvent>): AsyncGenerator<string> {
  yield `${csvColumns.join(',')}\r\n`
  for await (const event of events) yield `${csvColumns.map((name) => csvField(event[name])).join(',')}\r\n`
}
