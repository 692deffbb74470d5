import * as pulumi from '@pulumi/pulumi'
import * as authorization from '@pulumi/azure-native/authorization/index.js'
import * as monitor from '@pulumi/azure-native/monitor/index.js'
import { nameGuid, type Names } from '../names.ts'
import type { Settings } from '../settings.ts'

/** What every part of the installation is given. */
export interface Place {
  settings: Settings
  names: Names
  tags: Record<string, string>
  resourceGroupName: pulumi.Input<string>
  location: string
}

/** One part of the picture; its resources are its children. */
export abstract class Part extends pulumi.ComponentResource {
  protected readonly place: Place

  constructor(type: string, place: Place, opts?: pulumi.ComponentResourceOptions) {
    super(`instandt:platform:${type}`, type.toLowerCase(), {}, opts)
    this.place = place
  }

  /** Options of a child; more may be given. */
  protected child(more: pulumi.CustomResourceOptions = {}): pulumi.CustomResourceOptions {
    return { parent: this, ...more }
  }

  /** Options of a child that holds data: neither a typing mistake nor a renaming may remove it. */
  protected dataChild(more: pulumi.CustomResourceOptions = {}): pulumi.CustomResourceOptions {
    const isKept = this.place.settings.locks
    return this.child({ ...more, protect: isKept, retainOnDelete: isKept })
  }

  /** Gives an identity a role at one scope and nowhere else. */
  protected grant(
    name: string,
    roleId: string,
    principalId: pulumi.Input<string>,
    scope: pulumi.Input<string>,
    more: pulumi.CustomResourceOptions = {},
  ): authorization.RoleAssignment {
    const { subscriptionId } = this.place.settings
    return new authorization.RoleAssignment(
      name,
      {
        principalId,
        principalType: 'ServicePrincipal',
        roleDefinitionId: `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${roleId}`,
        roleAssignmentName: pulumi
          .all([principalId, scope])
          .apply(([principal, where]) => nameGuid(where, principal, roleId)),
        scope,
      },
      this.child(more),
    )
  }

  /** Sends what a resource logs to the workspace. */
  protected logTo(
    workspaceId: pulumi.Input<string>,
    name: string,
    resourceUri: pulumi.Input<string>,
    what: { logs?: boolean; metrics?: boolean } = { logs: true },
  ): monitor.DiagnosticSetting {
    return new monitor.DiagnosticSetting(
      `${name}-diagnostics`,
      {
        name: 'to-workspace',
        resourceUri,
        workspaceId,
        ...(what.logs === true ? { logs: [{ categoryGroup: 'allLogs', enabled: true }] } : {}),
        ...(what.metrics === true ? { metrics: [{ category: 'AllMetrics', enabled: true }] } : {}),
      },
      this.child(),
    )
  }

  /** Refuses deletion in the portal and by other tools, where the configuration asks for locks. */
  protected lock(name: string, scope: pulumi.Input<string>): void {
    if (!this.place.settings.locks) return
    new authorization.ManagementLockByScope(
      `${name}-lock`,
      {
        level: 'CanNotDelete',
        lockName: `keep-${name}`,
        notes: 'Holds inspection data. Remove the lock by hand, and only after a restore was proved.',
        scope,
      },
      this.child(),
    )
  }
}

/** Built-in roles (Azure documentation). */
export const roles = {
  blobContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe',
  secretsUser: '4633458b-17de-408a-b874-0445c86b69e6',
  secretsOfficer: 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7',
} as const
