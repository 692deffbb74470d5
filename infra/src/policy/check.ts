import type { GraphNode } from '../graph/record.ts'
import { resourceRules } from './resource-rules.ts'
import { stackRules } from './stack-rules.ts'

export interface Violation {
  rule: string
  message: string
}

/** Holds every rule against recorded resources; the same objects serve as a policy pack for the engine. */
export async function checkPolicies(
  nodes: Pick<GraphNode, 'type' | 'name' | 'inputs' | 'protect'>[],
): Promise<Violation[]> {
  const found: Violation[] = []
  const common = {
    isType: () => false,
    asType: () => undefined,
    getConfig: () => ({}) as never,
    notApplicable: () => {
      throw new Error('rules say nothing instead')
    },
    stackTags: new Map<string, string>(),
  }
  const custom = nodes.filter((node) => /^(azure-native|azuread):/.test(node.type))
  for (const policy of resourceRules) {
    const report = (message: string): void => void found.push({ rule: policy.name, message })
    for (const { type, name, inputs } of custom) {
      const args = { ...common, type, name, props: inputs, urn: `urn:recorded:${type}::${name}`, opts: {} }
      const checks = Array.isArray(policy.validateResource) ? policy.validateResource : [policy.validateResource]
      for (const check of checks) await check?.(args as never, report)
    }
  }
  for (const policy of stackRules) {
    const resources = custom.map(({ type, name, inputs, protect }) => ({
      type,
      name,
      props: inputs,
      opts: { protect },
    }))
    await policy.validateStack(
      { ...common, resources } as never,
      (message) => void found.push({ rule: policy.name, message }),
    )
  }
  return found
}
