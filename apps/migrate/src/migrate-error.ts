/** A migration that cannot go on; the message is for the person who reads the job's log. */
export class MigrateError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'MigrateError'
  }
}
