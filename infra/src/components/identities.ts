import type * as pulumi from '@pulumi/pulumi'
import * as managedidentity from '@pulumi/azure-native/managedidentity/index.js'
import { Part, type Place } from './part.ts'

export interface Identity {
  id: pulumi.Output<string>
  clientId: pulumi.Output<string>
  principalId: pulumi.Output<string>
  /** Also the name it has as a database user. */
  name: string
}

/** One identity per task: what serves requests cannot change the schema, and what changes it cannot read images. */
export class Identities extends Part {
  readonly app: Identity
  /** Hands out files and fetches its own image; it reaches no data at all. */
  readonly frontend: Identity
  readonly migrate: Identity
  readonly ops: Identity

  constructor(place: Place) {
    super('Identities', place)
    this.app = this.identity('app')
    this.frontend = this.identity('frontend')
    this.migrate = this.identity('migrate')
    this.ops = this.identity('ops')
    this.registerOutputs({ app: this.app.id })
  }

  private identity(part: 'app' | 'frontend' | 'migrate' | 'ops'): Identity {
    const { names, tags, resourceGroupName, location } = this.place
    const name = names.identity(part)
    const made = new managedidentity.UserAssignedIdentity(
      `identity-${part}`,
      { resourceName: name, resourceGroupName, location, tags },
      this.child(),
    )
    return { id: made.id, clientId: made.clientId, principalId: made.principalId, name }
  }
}
