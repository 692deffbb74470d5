import * as pulumi from '@pulumi/pulumi'
import * as azuread from '@pulumi/azuread'
import { nameGuid } from '../names.ts'
import type { Identities } from './identities.ts'
import { Part, type Place } from './part.ts'

interface AppRole {
  value: string
  displayName: string
  description: string
  /** Programs are given theirs as applications. */
  isForPrograms?: boolean
}

/** Roles the directory gives; the backend knows them by these values. */
export const appRoles: AppRole[] = [
  { value: 'Administrator', displayName: 'Administrator', description: 'Accounts, projects, tokens and the audit' },
  { value: 'LevelIII', displayName: 'Level III', description: 'Evaluates and approves' },
  { value: 'LevelII', displayName: 'Level II', description: 'Evaluates' },
  { value: 'LevelI', displayName: 'Level I', description: 'Measures' },
  { value: 'Viewer', displayName: 'Viewer', description: 'Views only' },
  { value: 'Sender', displayName: 'Sender', description: 'A machine that stores', isForPrograms: true },
  { value: 'Reader', displayName: 'Reader', description: 'A program that reads', isForPrograms: true },
  {
    value: 'Follower',
    displayName: 'Follower',
    description: 'A program that is told what changes',
    isForPrograms: true,
  },
]

/** The application people sign in with: made here, or given and left alone. */
export class EntraApplication extends Part {
  readonly tenantId: pulumi.Output<string>
  readonly clientId: pulumi.Output<string>

  constructor(place: Place, identities: Identities) {
    super('EntraApplication', place)
    const { settings } = place
    this.tenantId = pulumi.output(settings.entraTenantId ?? settings.tenantId)
    this.clientId =
      settings.entraMode === 'existing' ? pulumi.output(settings.entraClientId ?? '') : this.make(identities)
    this.registerOutputs({ clientId: this.clientId })
  }

  private make(identities: Identities): pulumi.Output<string> {
    const { settings } = this.place
    const { workload, environment, publicHost } = settings
    const title = environment === 'prod' ? 'instaNDT' : `instaNDT (${environment})`
    const application = new azuread.Application(
      'entra-application',
      {
        displayName: title,
        signInAudience: 'AzureADMyOrg',
        preventDuplicateNames: true,
        groupMembershipClaims: ['ApplicationGroup'],
        notes: `${workload} ${environment}, made by Pulumi`,
        api: { requestedAccessTokenVersion: 2 },
        web: {
          homepageUrl: `https://${publicHost}/`,
          logoutUrl: `https://${publicHost}/sign-in`,
          // The second one is where people land after they signed out.
          redirectUris: [`https://${publicHost}/api/sign-in/entra/callback`, `https://${publicHost}/sign-in`],
          implicitGrant: { accessTokenIssuanceEnabled: false, idTokenIssuanceEnabled: false },
        },
        appRoles: appRoles.map((role) => ({
          value: role.value,
          displayName: role.displayName,
          description: role.description,
          id: nameGuid(workload, 'app-role', role.value),
          allowedMemberTypes: [role.isForPrograms === true ? 'Application' : 'User'],
          enabled: true,
        })),
        optionalClaims: { idTokens: [{ name: 'login_hint' }, { name: 'email' }] },
      },
      this.child({ protect: settings.locks }),
    )
    new azuread.ServicePrincipal(
      'entra-service-principal',
      // Who is not given a role in the directory does not get in.
      { clientId: application.clientId, appRoleAssignmentRequired: true },
      this.child(),
    )
    // No client secret that could leak or run out: the backend's identity vouches for the application.
    new azuread.ApplicationFederatedIdentityCredential(
      'entra-federation',
      {
        applicationId: application.id,
        displayName: 'backend',
        description: 'Managed identity of the backend',
        issuer: `https://login.microsoftonline.com/${settings.tenantId}/v2.0`,
        subject: identities.app.principalId,
        audiences: ['api://AzureADTokenExchange'],
      },
      this.child(),
    )
    return application.clientId
  }
}
