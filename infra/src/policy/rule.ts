import type { ResourceValidationPolicy, StackValidationPolicy } from '@pulumi/policy'
import type { Props } from './props.ts'

export type Fault = string | false | undefined

/** A rule about one resource: what is wrong with it, in a sentence that says what to do, or nothing. */
export function rule(
  name: string,
  description: string,
  types: string[] | 'every',
  faultsOf: (props: Props, type: string) => Fault[],
): ResourceValidationPolicy {
  return {
    name,
    description,
    enforcementLevel: 'mandatory',
    validateResource(args, report) {
      if (types !== 'every' && !types.includes(args.type.replace('azure-native:', ''))) return
      for (const fault of faultsOf(args.props, args.type)) if (fault) report(`${args.name}: ${fault}`)
    },
  }
}

export interface Seen {
  type: string
  name: string
  props: Props
  opts?: { protect?: boolean }
}

/** A rule about several resources together. */
export function stackRule(
  name: string,
  description: string,
  faultsOf: (resources: Seen[]) => string[],
): StackValidationPolicy {
  return {
    name,
    description,
    enforcementLevel: 'mandatory',
    validateStack(args, report) {
      for (const fault of faultsOf(args.resources)) report(fault)
    },
  }
}
