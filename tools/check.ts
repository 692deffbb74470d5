// `npm run check`: format, lint, types, import graph, schema dump, then every test once. The first fault ends it.
import { packageBin, runNode } from './run.ts'

const steps: [string, string[]][] = [
  ['format', [packageBin('oxfmt'), '--check', '.']],
  ['lint', [packageBin('oxlint'), '--type-aware', '--deny-warnings']],
  ['types', [packageBin('typescript', 'tsc'), '-p', 'tsconfig.json']],
  ['types of the web app', [packageBin('typescript', 'tsc'), '-p', 'apps/frontend/tsconfig.json']],
  ['types of the browser tests', [packageBin('typescript', 'tsc'), '-p', 'e2e/tsconfig.json']],
  ['types of the infrastructure', [packageBin('typescript', 'tsc'), '-p', 'infra/tsconfig.json']],
  ['import graph', ['--test', '--test-reporter=dot', 'tools/import-graph.test.ts']],
  ['schema dump', ['tools/db-dump.ts', '--check']],
  ['known holes in packages', ['tools/packages.ts', 'audit']],
  ['tests', ['tools/test.ts']],
]

for (const [name, args] of steps) {
  process.stdout.write(`\n── ${name}\n`)
  const started = performance.now()
  if (!runNode(args)) {
    process.stderr.write(`\ncheck failed at: ${name}\n`)
    process.exit(1)
  }
  process.stdout.write(`   ${((performance.now() - started) / 1000).toFixed(1)} s\n`)
}
