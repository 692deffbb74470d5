/** Short names for resource names; a region that is not listed stands with its own name. */
const shortNames: Record<string, string> = {
  australiaeast: 'aue',
  brazilsouth: 'brs',
  canadacentral: 'cac',
  centralindia: 'inc',
  centralus: 'cus',
  eastasia: 'ea',
  eastus: 'eus',
  eastus2: 'eus2',
  francecentral: 'frc',
  germanywestcentral: 'gwc',
  italynorth: 'itn',
  japaneast: 'jpe',
  koreacentral: 'krc',
  northcentralus: 'ncus',
  northeurope: 'neu',
  norwayeast: 'noe',
  polandcentral: 'plc',
  southafricanorth: 'san',
  southcentralus: 'scus',
  southeastasia: 'sea',
  spaincentral: 'spc',
  swedencentral: 'sec',
  switzerlandnorth: 'szn',
  uksouth: 'uks',
  westeurope: 'weu',
  westus: 'wus',
  westus2: 'wus2',
  westus3: 'wus3',
}

/** Regions from which Front Door reaches origins over private link (Azure documentation, September 2025). */
const frontDoorLinkRegions = new Set([
  'australiaeast',
  'brazilsouth',
  'canadacentral',
  'centralindia',
  'centralus',
  'eastasia',
  'eastus',
  'eastus2',
  'francecentral',
  'germanywestcentral',
  'japaneast',
  'koreacentral',
  'northeurope',
  'norwayeast',
  'southafricanorth',
  'southcentralus',
  'southeastasia',
  'swedencentral',
  'uksouth',
  'westeurope',
  'westus2',
  'westus3',
])

/** Regions where a private link service may point at an address instead of a load balancer (public preview). */
const directConnectRegions = new Set([
  'australiaeast',
  'centralus',
  'eastus2',
  'northcentralus',
  'southcentralus',
  'southeastasia',
  'spaincentral',
  'westus',
  'westus2',
  'westus3',
])

export const shortRegion = (location: string): string => shortNames[location] ?? location
export const isFrontDoorLinkRegion = (location: string): boolean => frontDoorLinkRegions.has(location)
export const isDirectConnectRegion = (location: string): boolean => directConnectRegions.has(location)
export const listFrontDoorLinkRegions = (): string => [...frontDoorLinkRegions].join(', ')
export const listDirectConnectRegions = (): string => [...directConnectRegions].join(', ')
