// Pulumi's entry of the fast stack: reads what the platform of the same environment made.
import * as pulumi from '@pulumi/pulumi'
import { checkAccount } from '../src/account.ts'
import { readReleaseSettings, type ReleaseInputs } from '../src/deployment.ts'
import { configOf, platformProject, releaseProject } from '../src/read-config.ts'
import { release } from '../src/release.ts'

const wanted = readReleaseSettings(configOf(releaseProject, pulumi.runtime.allConfig()))
const platform = new pulumi.StackReference(`${pulumi.getOrganization()}/${platformProject}/${pulumi.getStack()}`)
const { value, secretValue } = await platform.getOutputDetails('deployment')
const deployment = (value ?? secretValue) as { release: ReleaseInputs } | undefined
if (!deployment) throw new Error(`the platform of '${pulumi.getStack()}' is not there yet: deploy it first`)
await checkAccount(deployment.release.settings)

const made = release(deployment.release, wanted)
export const { backendRevision, frontendRevision, backendFqdn, frontendFqdn, version } = made
