import { packageBin, runNode } from './run.ts'

if (!runNode([packageBin('oxfmt'), '.'])) process.exit(1)
