import { dicomWebBase, projectDicomWebBase } from '@instandt/api'
import type { FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import { ownOrigin } from '../identity/addresses.ts'

/** Where the services answer: for everything the caller may see, and for one project alone. */
export const bases = [dicomWebBase, projectDicomWebBase(':project')]

/** The base that was asked, in full: answers lead on within the same project. */
export function baseOf(config: Config, request: FastifyRequest): string {
  const { project } = request.params as { project?: string }
  return ownOrigin(config, request) + (project === undefined ? dicomWebBase : projectDicomWebBase(project))
}
