import { createTransport } from 'nodemailer'
import type { Config } from '../config.ts'

export interface Mailer {
  /** Plain text only: the links are what matters. Throws when the mail server does not take it. */
  send(to: string, subject: string, text: string): Promise<void>
}

/** Mail through SMTP_URL; absent when there is none, and links are handed over by the administrator. */
export function createMailer(config: Config): Mailer | undefined {
  if (config.SMTP_URL === undefined || config.MAIL_FROM === undefined) return undefined
  const transport = createTransport(config.SMTP_URL, {
    from: config.MAIL_FROM,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
    // Addresses come from people; nothing of theirs may name a file or an address to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  } as object)
  return {
    async send(to, subject, text) {
      await transport.sendMail({ to: { address: to, name: '' }, subject, text })
    },
  }
}
