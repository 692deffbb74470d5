import type * as pulumi from '@pulumi/pulumi'

export interface EnvVar {
  name: string
  value?: pulumi.Input<string>
  secretRef?: string
}

/** Container Apps couples memory to vCPU: two GiB each. */
export const resources = (cpu: number) => ({ cpu, memory: `${cpu * 2}Gi` })

export const env = (values: Record<string, pulumi.Input<string> | undefined>): EnvVar[] =>
  Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]))

/** What a container app or job needs to pull from the private registry: where, as whom, and where the token lies. */
export interface Registry {
  server: string
  user: string
  /** Address of the secret in the key vault; its value stands nowhere in our program's output. */
  tokenUrl: pulumi.Input<string>
}

export const pullSettings = (registry: Registry, identityId: pulumi.Input<string>) => ({
  secrets: [{ name: 'registry-token', keyVaultUrl: registry.tokenUrl, identity: identityId }],
  registries: [{ server: registry.server, username: registry.user, passwordSecretRef: 'registry-token' }],
})

export const userAssigned = (identityId: pulumi.Input<string>) => ({
  type: 'UserAssigned' as const,
  userAssignedIdentities: [identityId],
})

/** The commands of the one backend image. */
export const commands = {
  server: ['node', 'apps/backend/src/main.ts'],
  worker: ['node', 'apps/backend/src/worker.ts'],
  migrate: ['node', 'apps/migrate/src/main.ts'],
  ops: ['node', 'apps/backend/src/cli.ts'],
  frontend: ['node', 'apps/frontend/src/server-main.ts'],
} as const
