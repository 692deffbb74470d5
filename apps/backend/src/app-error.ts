/** What went wrong, for machines (`code`, never changes) and for people (`message`, never decides anything). */
export class AppError extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, status: number, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'AppError'
    this.code = code
    this.status = status
  }
}
