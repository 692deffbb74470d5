import { z } from 'zod'
import { OpsError } from './ops-error.ts'

const text = z.string().min(1)
const identity = z.object({ id: text, clientId: text, principalId: text, name: text })

/** What the platform stack says about an installation (output `deployment`). */
const deploymentSchema = z.object({
  workload: text,
  environment: text,
  location: text,
  subscriptionId: text,
  tenantId: text,
  resourceGroup: text,
  managedEnvironment: z.object({ name: text, id: text, defaultDomain: text, staticIp: text }),
  apps: z.object({ frontend: text, backend: text }),
  jobs: z.object({ migrate: text, ops: text }),
  registry: z.object({ server: text, user: text, tokenSecret: text, userSecret: text }),
  frontDoor: z.object({
    profile: text,
    endpoint: text,
    endpointHost: text,
    wafPolicy: text,
    customDomain: z.string().nullable(),
    customDomainName: z.string().nullable(),
    id: text,
  }),
  link: z.object({
    mode: z.enum(['managedEnvironment', 'privateLinkService']),
    message: text,
    privateLinkService: z.string().nullable(),
  }),
  dns: z.object({
    zone: z.string().nullable(),
    nameServers: z.array(z.string()),
    records: z.array(z.object({ name: text, type: text, value: text })),
  }),
  publicUrl: z.url(),
  vault: z.object({ name: text, uri: text }),
  storage: z.object({ account: text, container: text, auditContainer: text }),
  database: z.object({
    server: text,
    fqdn: text,
    name: text,
    tier: text,
    sku: text,
    highAvailability: text,
    auth: z.enum(['entra', 'password']),
  }),
  workspace: z.object({ id: text, customerId: text }),
  identities: z.object({ app: identity, migrate: identity, ops: identity }),
})

export type Deployment = z.output<typeof deploymentSchema>

/** @throws OpsError naming every field that is missing */
export function parseDeployment(value: unknown, from: string): Deployment {
  const parsed = deploymentSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.map((issue) => issue.path.join('.') || 'everything').join(', ')
  throw new OpsError(`${from} does not say ${fields}; deploy the platform of this version first`)
}

/** Where people reach it: until the host name is at Front Door, under the name that Front Door made up. */
export const publicAddress = ({ frontDoor, publicUrl }: Deployment): string =>
  frontDoor.customDomain === null ? `https://${frontDoor.endpointHost}` : publicUrl
