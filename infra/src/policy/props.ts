/** Inputs of some resource. Its own type is not known here: a rule looks at whatever comes. */
// oxlint-disable-next-line typescript/no-explicit-any -- as in the policy library
export type Props = Record<string, any>
