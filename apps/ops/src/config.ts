import { z } from 'zod'

const origin = z.url({ protocol: /^https$/ }).transform((url) => new URL(url).origin)

/** What the operations command reads from its environment; who signs in is found by Azure's own settings. */
export const configSchema = z.object({
  /** Address of Azure Resource Manager; another one in the clouds of governments. */
  ARM_ENDPOINT: origin.default('https://management.azure.com'),
  /** Address of Log Analytics' queries. */
  LOG_ANALYTICS_ENDPOINT: origin.default('https://api.loganalytics.io'),
  /** What drives Pulumi, as a command line; ours is in infra/. */
  INSTANDT_INFRA_COMMAND: z.string().optional(),
  /** Seconds between two looks at something that takes long. */
  INSTANDT_POLL_SECONDS: z.coerce.number().min(0.01).max(600).default(10),
  /** Seconds a new version may take to become ready, and after that to answer through Front Door. */
  INSTANDT_READY_SECONDS: z.coerce.number().min(1).max(7200).default(900),
  INSTANDT_SMOKE_SECONDS: z.coerce.number().min(1).max(7200).default(900),
  /** Name servers to ask for the public name, separated by commas, where this machine's tell another story (split DNS). */
  INSTANDT_NAME_SERVERS: z
    .string()
    .default('')
    .transform((text) => text.split(',').filter((one) => one !== '')),
  /** New value of a secret that is rotated; never an argument, which others on the machine could see. */
  INSTANDT_SECRET: z.string().min(1).optional(),
  /** Of the instaNDT that an archive is brought into. */
  INSTANDT_TOKEN: z.string().min(1).optional(),
  /** Value of the Authorization header for the archive that is brought in. */
  INSTANDT_SOURCE_AUTHORIZATION: z.string().min(1).optional(),
})

export type Config = z.output<typeof configSchema>
