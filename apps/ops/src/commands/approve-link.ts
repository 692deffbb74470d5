import type { PrivateEndpointConnection } from '@azure/arm-appcontainers'
import type { Azure } from '../azure.ts'
import type { Command } from '../command.ts'
import { type Context, waitFor } from '../context.ts'
import type { Deployment } from '../deployment.ts'
import { OpsError } from '../ops-error.ts'

interface Connection {
  name: string
  status: string
  description: string
  approve(): Promise<void>
}

const networkApi = '2024-05-01'

/** Connections somebody asked for, at the environment or at our own link service. */
async function listConnections(azure: Azure, deployment: Deployment): Promise<Connection[]> {
  const { resourceGroup: group, managedEnvironment, link, subscriptionId } = deployment
  const found: Connection[] = []
  if (link.mode === 'managedEnvironment') {
    const connections = azure.apps.managedEnvironmentPrivateEndpointConnections
    for await (const one of connections.list(group, managedEnvironment.name)) {
      const { status = '', description = '' } = one.privateLinkServiceConnectionState ?? {}
      const body: PrivateEndpointConnection = {
        privateLinkServiceConnectionState: { status: 'Approved', description },
      }
      found.push({
        name: one.name ?? '',
        status,
        description,
        approve: async () => {
          await connections.beginCreateOrUpdateAndWait(group, managedEnvironment.name, one.name ?? '', body)
        },
      })
    }
    return found
  }
  const service = `/subscriptions/${subscriptionId}/resourceGroups/${group}/providers/Microsoft.Network/privateLinkServices/${link.privateLinkService ?? ''}`
  for (const one of await azure.list(`${service}/privateEndpointConnections`, networkApi)) {
    const state = (one.properties?.['privateLinkServiceConnectionState'] ?? {}) as {
      status?: string
      description?: string
    }
    found.push({
      name: one.name ?? '',
      status: state.status ?? '',
      description: state.description ?? '',
      approve: async () => {
        await azure.resources.resources.beginCreateOrUpdateByIdAndWait(
          `${service}/privateEndpointConnections/${one.name ?? ''}`,
          networkApi,
          {
            properties: {
              privateLinkServiceConnectionState: { status: 'Approved', description: state.description ?? '' },
            },
          },
        )
      },
    })
  }
  return found
}

/** Connections that carry exactly our message; every other one is left alone. */
export async function listOurs(azure: Azure, deployment: Deployment): Promise<Connection[]> {
  return (await listConnections(azure, deployment)).filter((one) => one.description === deployment.link.message)
}

/**
 * Approves what Front Door of this stack asked for. It asks minutes after its origins were made, sometimes more than
 * once: looks until there is at least one, then approves all that are pending.
 */
export async function approveLink(context: Context, deployment: Deployment, seconds: number): Promise<number> {
  const azure = context.azure(deployment.subscriptionId)
  const { message } = deployment.link
  context.say(`looking for connections that carry '${message}'`)
  const ours = await waitFor(
    context,
    context.isDryRun ? 0 : seconds,
    `no connection carries '${message}' yet; Front Door asks minutes after its origins were made: repeat the command`,
    async () => {
      const found = await listOurs(azure, deployment)
      return found.length > 0 ? found : undefined
    },
  )
  const rejected = ours.filter((one) => one.status === 'Rejected' || one.status === 'Disconnected')
  for (const one of rejected) context.say(`${one.name} is ${one.status}: remove its origin and deploy again`)
  const pending = ours.filter((one) => one.status === 'Pending')
  for (const one of pending) {
    context.say(`${context.isDryRun ? 'would approve' : 'approving'} ${one.name}`)
    if (!context.isDryRun) await one.approve()
  }
  if (!context.isDryRun && pending.length > 0) {
    await waitFor(context, 300, 'the approval was not taken over within 5 minutes; repeat the command', async () => {
      const left = (await listOurs(azure, deployment)).filter((one) => one.status === 'Pending')
      return left.length === 0 ? true : undefined
    })
  }
  if (rejected.length === ours.length) throw new OpsError('every connection of ours was rejected', 3)
  context.print(
    pending.length === 0
      ? 'approved already\n'
      : `${context.isDryRun ? 'would approve' : 'approved'} ${pending.length}\n`,
  )
  return 0
}

export const approveLinkCommand: Command = {
  help: `  approve-link   approves the private connection that carries this stack's message, and no other
    --wait-minutes N   for Front Door to ask (20)`,
  options: { 'wait-minutes': { type: 'string', default: '20' } },
  async run(context) {
    return approveLink(context, await context.deployment(), Number(context.values['wait-minutes']) * 60)
  },
}
