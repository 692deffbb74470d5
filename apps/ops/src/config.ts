import { z } from 'zod'

/** What the operations command reads from its environment; who signs in is found by Azure's own settings. */
export const configSchema = z.object({
  /** Address of Azure Resource Manager; another one in the clouds of governments. */
  ARM_ENDPOINT: z.url({ protocol: /^https$/ }).default('https://management.azure.com'),
  /** Address of Log Analytics' queries. */
  LOG_ANALYTICS_ENDPOINT: z.url({ protocol: /^https$/ }).default('https://api.loganalytics.io'),
  /** What drives Pulumi, as a command line; ours is in infra/. */
  INSTANDT_INFRA_COMMAND: z.string().optional(),
  /** Seconds between two looks at something that takes long. */
  INSTANDT_POLL_SECONDS: z.coerce.number().min(0.01).max(600).default(10),
  /** New value of a secret that is rotated; never an argument, which others on the machine could see. */
  INSTANDT_SECRET: z.string().min(1).optional(),
})

export type Config = z.output<typeof configSchema>
