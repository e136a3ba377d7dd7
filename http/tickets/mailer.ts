/** The way to a mail server, or, for trying, to a folder. Bounded in time and connections; what it cannot do now a job repeats. */
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport, type SendMailOptions } from 'nodemailer'
import type { Config } from '../../shared/config.ts'
import { SECOND } from '../../shared/limits.ts'

export type Mail = Pick<SendMailOptions, 'to' | 'subject' | 'text' | 'html' | 'attachments'> & {
  /** The same for each try: a server or reader that sees it twice knows. Letters, digits and dashes. */
  id: string
}

export type Sent =
  | 'sent'
  /** The server will never take it. */
  | 'refused'

export interface Mailer {
  /** @throws where it can be tried again */
  send(mail: Mail): Promise<Sent>
}

const CONNECT_MS = 5 * SECOND
const SILENT_MS = 15 * SECOND
/** Of one process: a worker runs ten jobs at once. */
const CONNECTIONS = 4

/** Undefined where no mail is set up. */
export function makeMailer({
  SMTP_URL,
  MAIL_FOLDER,
  MAIL_FROM,
  INSTANCE,
}: Pick<Config, 'SMTP_URL' | 'MAIL_FOLDER' | 'MAIL_FROM' | 'INSTANCE'>): Mailer | undefined {
  const whole = ({ id, ...mail }: Mail) => ({
    ...mail,
    from: MAIL_FROM,
    messageId: `<${id}@${INSTANCE}.onsale>`,
  })
  if (SMTP_URL !== undefined) {
    const transport = createTransport({
      url: SMTP_URL,
      pool: true,
      maxConnections: CONNECTIONS,
      connectionTimeout: CONNECT_MS,
      greetingTimeout: CONNECT_MS,
      socketTimeout: SILENT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    return {
      async send(mail) {
        try {
          await transport.sendMail(whole(mail))
          return 'sent'
        } catch (error) {
          if (isForGood(error)) return 'refused'
          throw error
        }
      },
    }
  }
  if (MAIL_FOLDER === undefined) return undefined
  const transport = createTransport({ streamTransport: true, buffer: true })
  return {
    async send(mail) {
      const { message } = await transport.sendMail(whole(mail))
      await mkdir(MAIL_FOLDER, { recursive: true, mode: 0o700 })
      const file = join(MAIL_FOLDER, `${mail.id}.eml`)
      await writeFile(`${file}.part`, message as Buffer, { mode: 0o600 })
      await rename(`${file}.part`, file)
      return 'sent'
    },
  }
}

/** 5xx of the address or the message; a refused login is ours to mend, and then the mail goes. */
function isForGood(error: unknown): boolean {
  const { responseCode = 0, command = '' } = error as { responseCode?: number; command?: string }
  return responseCode >= 500 && /^(RCPT TO|DATA|MAIL FROM)/.test(command)
}
