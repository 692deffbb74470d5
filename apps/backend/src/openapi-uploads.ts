import { knownListSchema, knownQuerySchema, newUploadSchema, uploadListSchema, uploadSchema } from '@instandt/api'
import type { Operation } from './openapi.ts'

/** Addresses of uploads in parts. */
export const uploadOperations: Record<string, Operation> = {
  'POST /api/uploads': { summary: 'Begins an upload in parts', body: newUploadSchema, answer: uploadSchema },
  'GET /api/uploads': { summary: "The caller's uploads under way", answer: uploadListSchema },
  'GET /api/uploads/{id}': { summary: 'How an upload stands', answer: uploadSchema },
  'DELETE /api/uploads/{id}': { summary: 'Removes an upload', mediaType: '' },
  'PUT /api/uploads/{id}/parts/{number}': {
    summary: 'Sends a part, with Content-Length and its SHA-256 in Content-Digest (RFC 9530)',
    bodyTypes: ['application/octet-stream'],
    mediaType: '',
  },
  'POST /api/uploads/{id}/complete': { summary: 'All parts are sent: have them stored', answer: uploadSchema },
  'POST /api/uploads/known': {
    summary: 'Which files are stored already, by SHA-256',
    body: knownQuerySchema,
    answer: knownListSchema,
  },
}
