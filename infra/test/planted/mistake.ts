/** A mistake to plant into the recorded graph of `production`, with the sentence it must lead to. */
export interface Mistake {
  rule: string
  what: string
  /** The resource it is planted in. */
  on: string
  plant: (inputs: Inputs) => void
  says: RegExp
}

export type Inputs = Record<string, any> // oxlint-disable-line typescript/no-explicit-any -- planted into any resource
