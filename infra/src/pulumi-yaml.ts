// `node src/pulumi-yaml.ts --write`: declares in Pulumi.yaml every key the programs know; without --write it prints them.
import { writeFileSync } from 'node:fs'
import type { z } from 'zod'
import { releaseKeys } from './deployment.ts'
import { platformProject, releaseProject } from './read-config.ts'
import { settingsKeys } from './settings-keys.ts'

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`

function project(name: string, description: string, keys: Record<string, z.ZodType>): string {
  const lines = Object.entries(keys).flatMap(([key, schema]) => [
    `  ${key}:`,
    '    type: string',
    `    description: ${quote(schema.description ?? '')}`,
    "    default: ''",
  ])
  return `# Made by src/pulumi-yaml.ts. Empty means: the preset's value, or none; what must be given is asked for by the program,
# with all other faults. A key with a dot is set with --path, as in: pulumi config set --path edge.link managedEnvironment
name: ${name}
description: ${quote(description)}
main: program.ts
runtime:
  name: nodejs
  options:
    # Node runs TypeScript by itself.
    typescript: false
    packagemanager: npm
config:
${lines.join('\n')}
`
}

/** Contents of the two project files by folder. */
export const projectFiles: Record<'platform' | 'release', string> = {
  platform: project(platformProject, 'instaNDT, the slow part: everything but the two apps', settingsKeys),
  release: project(releaseProject, 'instaNDT, the fast part: the two apps in one version', releaseKeys),
}

if (import.meta.main) {
  for (const [folder, text] of Object.entries(projectFiles)) {
    if (process.argv.includes('--write')) writeFileSync(new URL(`../${folder}/Pulumi.yaml`, import.meta.url), text)
    else process.stdout.write(text)
  }
}
