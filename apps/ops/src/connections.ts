import { type Azure, collect } from './azure.ts'
import { type Context, whenFree } from './context.ts'
import type { Deployment } from './deployment.ts'

export interface Connection {
  name: string
  status: string
  description: string
  isOurs: boolean
}

const networkApi = '2024-05-01'
const approved = { status: 'Approved' }

interface State {
  privateLinkServiceConnectionState?: { status?: string; description?: string }
}

const serviceId = ({ subscriptionId, resourceGroup, link }: Deployment): string =>
  `subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.Network/privateLinkServices/${link.privateLinkService ?? ''}`

/** Connections somebody asked for, at the environment or at our own link service; ours carry exactly our message. */
export async function listConnections(azure: Azure, deployment: Deployment): Promise<Connection[]> {
  const { resourceGroup, managedEnvironment, link } = deployment
  const show = (name: string | undefined, { privateLinkServiceConnectionState }: State): Connection => {
    const { status = '', description = '' } = privateLinkServiceConnectionState ?? {}
    return { name: name ?? '', status, description, isOurs: description === link.message }
  }
  if (link.mode === 'managedEnvironment') {
    const { managedEnvironmentPrivateEndpointConnections: connections } = await azure.apps()
    const found = await collect(connections.list(resourceGroup, managedEnvironment.name))
    return found.map((one) => show(one.name, one as State))
  }
  const { resources } = await azure.resources()
  const service = await resources.getById(serviceId(deployment), networkApi)
  const { privateEndpointConnections = [] } = (service.properties ?? {}) as {
    privateEndpointConnections?: { name?: string; properties?: State }[]
  }
  return privateEndpointConnections.map((one) => show(one.name, one.properties ?? {}))
}

export async function approve(
  context: Context,
  deployment: Deployment,
  { name, description }: Connection,
): Promise<void> {
  const azure = context.azure(deployment.subscriptionId)
  const privateLinkServiceConnectionState = { ...approved, description }
  if (deployment.link.mode === 'managedEnvironment') {
    const { managedEnvironmentPrivateEndpointConnections: connections } = await azure.apps()
    const { resourceGroup, managedEnvironment } = deployment
    await whenFree(context, () =>
      connections.beginCreateOrUpdateAndWait(resourceGroup, managedEnvironment.name, name, {
        privateLinkServiceConnectionState,
      }),
    )
    return
  }
  const { resources } = await azure.resources()
  await whenFree(context, () =>
    resources.beginCreateOrUpdateByIdAndWait(
      `${serviceId(deployment)}/privateEndpointConnections/${name}`,
      networkApi,
      { properties: { privateLinkServiceConnectionState } },
    ),
  )
}
