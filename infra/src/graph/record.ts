import * as pulumi from '@pulumi/pulumi'
import { createHash } from 'node:crypto'

/** One resource as the program asked for it. */
export interface GraphNode {
  stack: 'platform' | 'release'
  type: string
  name: string
  /** Inputs as they would go to the provider; secrets are replaced by their mark. */
  inputs: Record<string, unknown>
  /** `type::name` of the component it belongs to. */
  parent: string | undefined
  /** `type::name` of what must be there before: named by the program, or whose output it uses. */
  dependencies: string[]
  /** Name of the provider it goes to, where it is not the subscription's own. */
  provider: string | undefined
  /** Inputs a later deployment leaves as it finds them. */
  ignoreChanges: string[]
  protect: boolean
  retainOnDelete: boolean
}

export interface Graph {
  nodes: GraphNode[]
  outputs: Record<string, unknown>
}

const secretMark = '«secret»'
const keyOf = (type: string, name: string): string => `${type}::${name}`
const fakeGuid = (text: string): string => {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** What the provider would fill in, so that the next resource has something to hold on to. */
function madeUp(type: string, name: string, id: string, inputs: Record<string, unknown>): Record<string, unknown> {
  const [, short = ''] = /:([A-Za-z]+)$/.exec(type) ?? []
  const given = Object.entries(inputs).find(([key]) => key.endsWith('Name') && key !== 'resourceGroupName')
  const own = nameInput[short] === undefined ? given?.[1] : inputs[nameInput[short]]
  const common = { ...inputs, id, name: typeof own === 'string' ? own : name }
  switch (short) {
    case 'ManagedEnvironment':
      return {
        ...common,
        defaultDomain: 'lively-sea-1a2b3c4d.westeurope.azurecontainerapps.io',
        staticIp: '10.40.0.62',
      }
    case 'ContainerApp':
      return {
        ...common,
        latestRevisionName: `${common.name}--${String((inputs['template'] as { revisionSuffix?: string }).revisionSuffix)}`,
      }
    case 'UserAssignedIdentity':
      return { ...common, clientId: fakeGuid(`${id}client`), principalId: fakeGuid(`${id}principal`) }
    case 'Profile':
      return { ...common, frontDoorId: fakeGuid(id) }
    case 'AFDEndpoint':
      return { ...common, hostName: `${common.name}-abcdef.z01.azurefd.net` }
    case 'AFDCustomDomain':
      return {
        ...common,
        validationProperties: { validationToken: `_${fakeGuid(id).replaceAll('-', '')}`, expirationDate: '' },
      }
    case 'Zone':
      return { ...common, nameServers: ['ns1-01.azure-dns.com.', 'ns2-01.azure-dns.net.'] }
    case 'Workspace':
      return { ...common, customerId: fakeGuid(id) }
    case 'Component':
      return { ...common, connectionString: 'InstrumentationKey=recorded' }
    case 'Application':
      return { ...common, clientId: fakeGuid(id) }
    default:
      return common
  }
}

/** Where the name in Azure stands, when several inputs end in `Name`. */
const nameInput: Record<string, string> = {
  ResourceGroup: 'resourceGroupName',
  Subnet: 'subnetName',
  AFDEndpoint: 'endpointName',
  AFDOriginGroup: 'originGroupName',
  AFDOrigin: 'originName',
  AFDCustomDomain: 'customDomainName',
  Database: 'databaseName',
  Configuration: 'configurationName',
  BlobContainer: 'containerName',
  PrivateEndpoint: 'privateEndpointName',
  PrivateDnsZoneGroup: 'privateDnsZoneGroupName',
}

const answers: Record<string, Record<string, unknown>> = {
  'azure-native:app:getManagedEnvironment': {
    defaultDomain: 'old-sea-1a2b3c4d.westeurope.azurecontainerapps.io',
    staticIp: '10.40.0.62',
  },
  'azure-native:network:getLoadBalancer': {
    frontendIPConfigurations: [
      { id: '/subscriptions/…/loadBalancers/kubernetes-internal/frontendIPConfigurations/one' },
    ],
  },
}

/** Calls the program made to look something up. */
export interface Lookup {
  token: string
  inputs: Record<string, unknown>
}

/**
 * Runs a program against a recorder in the place of the engine and returns what it asked for.
 */
export async function record(
  stackKind: GraphNode['stack'],
  stack: string,
  program: () => Promise<Record<string, unknown>> | Record<string, unknown>,
): Promise<Graph & { lookups: Lookup[] }> {
  const nodes = new Map<string, GraphNode>()
  const lookups: Lookup[] = []
  const project = `instandt-${stackKind}`
  await pulumi.runtime.setMocks(
    {
      newResource(args) {
        const id = idOf(args.type, args.name)
        const inputs = args.inputs as Record<string, unknown>
        return { id, state: madeUp(args.type, args.name, id, inputs) }
      },
      call(args) {
        lookups.push({ token: args.token, inputs: args.inputs as Record<string, unknown> })
        return answers[args.token] ?? {}
      },
    },
    project,
    stack,
    false,
  )
  listen((request) => {
    const [type, name] = [request.getType(), request.getName()]
    if (type === 'pulumi:pulumi:Stack') return
    nodes.set(keyOf(type, name), {
      stack: stackKind,
      type,
      name,
      inputs: hideSecrets(request.getObject().toJavaScript()) as Record<string, unknown>,
      parent: fromUrn(request.getParent()),
      dependencies: request.getDependenciesList().flatMap((urn) => fromUrn(urn) ?? []),
      provider: request.getProvider().split('::')[3],
      ignoreChanges: request.getIgnorechangesList(),
      protect: request.getProtect() ?? false,
      retainOnDelete: request.getRetainondelete() ?? false,
    })
  })
  let outputs: Record<string, unknown> = {}
  await pulumi.runtime.runInPulumiStack(async () => {
    outputs = await program()
    return outputs
  })
  await pulumi.runtime.disconnect()
  const settled = await Promise.all(
    Object.entries(outputs).map(async ([name, value]) => {
      const output = pulumi.output(value)
      // As the engine keeps it: one secret inside makes a whole output unreadable to whoever deploys.
      return [name, (await pulumi.isSecret(output)) ? secretMark : await valueOf(output)] as const
    }),
  )
  return { nodes: [...nodes.values()], lookups, outputs: Object.fromEntries(settled) }
}

/** The part of the engine's request that mocks are not shown. */
interface RegisterRequest {
  getType(): string
  getName(): string
  getObject(): { toJavaScript(): unknown }
  getParent(): string
  getDependenciesList(): string[]
  /** URN and id. */
  getProvider(): string
  getIgnorechangesList(): string[]
  getProtect(): boolean | undefined
  getRetainondelete(): boolean | undefined
}

interface Monitor {
  registerResource(request: RegisterRequest, callback: unknown): unknown
}

function listen(heard: (request: RegisterRequest) => void): void {
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor
  const register = monitor.registerResource.bind(monitor)
  monitor.registerResource = (request, callback) => {
    heard(request)
    return register(request, callback)
  }
}

/** A text of its own for each resource; no program looks inside. */
const idOf = (type: string, name: string): string => `/recorded/${type.replaceAll(':', '/')}/${name}`

/** The value an output has in the recording. */
const valueOf = (output: pulumi.Output<unknown>): Promise<unknown> =>
  new Promise((resolve) => output.apply((value) => resolve(value)))

/** urn:pulumi:stack::project::parent$type::name */
function fromUrn(urn: string | undefined): string | undefined {
  const [, , types, ...name] = (urn ?? '').split('::')
  const type = types?.split('$').at(-1)
  return type === undefined || type === 'pulumi:pulumi:Stack' ? undefined : keyOf(type, name.join('::'))
}

const signatureKey = '4dabf18193072939515e22adb298388d'
const secretSignature = '1b47061264138c4ac30d75fd1eb44270'

function hideSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hideSecrets)
  if (value === null || typeof value !== 'object') return value
  if ((value as Record<string, unknown>)[signatureKey] === secretSignature) return secretMark
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hideSecrets(inner)]))
}
