import type { ResourceValidationPolicy } from '@pulumi/policy'
import type { Props } from './props.ts'
import { rule } from './rule.ts'

const apps = ['app:ContainerApp', 'app:Job']
const isSecretName = (name: string): boolean => /password|token|secret(?!s_refresh)|_key$|connection_string/i.test(name)
/** postgres://user:password@host */
const hasPassword = (value: string): boolean => /:\/\/[^/@:]*:[^/@]+@/.test(value)
const containersOf = (props: Props): Props[] => props['template']?.containers ?? []

/** The environment, its apps and jobs. */
export const appRules: ResourceValidationPolicy[] = [
  rule('environment-closed', 'The apps have no public address', ['app:ManagedEnvironment'], (props) => [
    props['vnetConfiguration']?.internal !== true && 'has a public address; set vnetConfiguration.internal to true',
    props['publicNetworkAccess'] !== 'Disabled' && 'lets the internet in; set publicNetworkAccess to Disabled',
    !(props['workloadProfiles']?.length > 0) &&
      'names no workload profile, which has meant the older kind; list Consumption',
  ]),
  rule('no-secret-values', 'Secrets are referred to, never written down', apps, (props) => [
    ...(props['configuration']?.secrets ?? []).map(
      (secret: Props) =>
        (secret['value'] !== undefined || !secret['keyVaultUrl']) &&
        `carries the secret '${secret['name']}' as a value; name its address in the key vault (keyVaultUrl) and an identity`,
    ),
    ...(props['configuration']?.secrets ?? []).map(
      (secret: Props) =>
        secret['keyVaultUrl'] &&
        !secret['identity'] &&
        `reads the secret '${secret['name']}' as nobody; name an identity`,
    ),
    ...(props['configuration']?.registries ?? []).map(
      (registry: Props) =>
        !registry['passwordSecretRef'] && `signs in to ${registry['server']} without a secret of the key vault`,
    ),
    ...containersOf(props).flatMap((container) =>
      (container['env'] ?? []).map(
        ({ name, value }: Props) =>
          value !== undefined &&
          (isSecretName(name) || hasPassword(String(value))) &&
          `hands ${name} over as a value; use secretRef`,
      ),
    ),
  ]),
  rule('images-by-digest', 'Containers run exactly the image that was tested', apps, (props) =>
    containersOf(props).map(
      ({ name, image }) =>
        !/@sha256:[0-9a-f]{64}$/.test(image) && `runs '${image}' in ${name}; name the image by its digest`,
    ),
  ),
  rule('ingress-tls', 'Apps answer TLS only', ['app:ContainerApp'], (props) => [
    props['configuration']?.ingress?.allowInsecure === true && 'answers plain HTTP; set allowInsecure to false',
  ]),
  rule('jobs-by-hand', 'Jobs start when somebody starts them, once', ['app:Job'], (props) => [
    props['configuration']?.triggerType !== 'Manual' && 'starts by itself; set triggerType to Manual',
    props['configuration']?.replicaRetryLimit !== 0 && 'is repeated after a failure; set replicaRetryLimit to 0',
  ]),
  rule('apps-ready', 'Traffic moves to a replica that says it is ready', ['app:ContainerApp'], (props) => {
    const [first] = containersOf(props)
    const probes: Props[] = first?.['probes'] ?? []
    return [
      !probes.some((one) => one['type'] === 'Readiness') &&
        'gets traffic before it is ready; give its first container a readiness probe',
    ]
  }),
]
