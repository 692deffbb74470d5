import type { FastifyReply } from 'fastify'

/** Adds a name to what an answer depends on (RFC 9110 12.5.5), beside those that are there. */
export function addVary(reply: FastifyReply, name: string): void {
  const names = String(reply.getHeader('vary') ?? '')
    .split(', ')
    .filter((one) => one !== '')
  if (!names.some((one) => one.toLowerCase() === name.toLowerCase())) reply.header('vary', [...names, name].join(', '))
}
