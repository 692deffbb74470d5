import { readDeclared } from '../../data/search-attributes.ts'
import type { App, Deps } from '../../deps.ts'
import { baseOf, bases } from '../places.ts'
import { declaredKey } from '../qido/search-keys.ts'
import { negotiate, type WadoRequest } from '../wado/wado-get.ts'
import { describeService } from './describe-service.ts'
import { writeWadl } from './write-wadl.ts'

const wadl = 'application/vnd.sun.wadl+xml'

/** Retrieve Capabilities (PS3.18 8.9): what the service can do, for machines. */
export function capabilityRoutes(app: App, deps: Deps): void {
  for (const base of bases) {
    app.route({
      method: 'OPTIONS',
      url: base,
      config: { permission: 'read' },
      handler: async (request, reply) => {
        const offer = negotiate(request as WadoRequest, [
          { type: wadl, isMultipart: false },
          { type: 'application/json', isMultipart: false },
        ])
        const { attributes } = await readDeclared(deps.db, 0)
        const resources = describeService(attributes.filter((one) => one.isReady).map(declaredKey))
        const baseUrl = baseOf(deps.config, request)
        reply.headers({ allow: 'OPTIONS', 'cache-control': 'private, no-store' }).type(offer.type)
        return reply.send(
          offer.type === wadl ? writeWadl(resources, baseUrl) : JSON.stringify({ base: baseUrl, resources }),
        )
      },
    })
  }
}
