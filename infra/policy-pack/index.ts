// `pulumi preview --policy-pack ../policy-pack`: the same rules that the tests hold against the recorded graph.
import { PolicyPack } from '@pulumi/policy'
import { resourceRules } from '../src/policy/resource-rules.ts'
import { stackRules } from '../src/policy/stack-rules.ts'

new PolicyPack('instandt', { policies: [...resourceRules, ...stackRules] })
