interface Region {
  /** For resource names. */
  short: string
  /** As Azure writes it in its own messages. */
  title: string
  /** Front Door reaches origins over private link from here (Azure documentation, September 2025). */
  hasLink: boolean
  /** A private link service may point at an address instead of a load balancer (public preview). */
  hasDirectConnect: boolean
}

/** A region that is not listed stands in names with its own name, and has neither kind of link. */
const regions: Record<string, Region> = {
  australiaeast: { short: 'aue', title: 'Australia East', hasLink: true, hasDirectConnect: true },
  brazilsouth: { short: 'brs', title: 'Brazil South', hasLink: true, hasDirectConnect: false },
  canadacentral: { short: 'cac', title: 'Canada Central', hasLink: true, hasDirectConnect: false },
  centralindia: { short: 'inc', title: 'Central India', hasLink: true, hasDirectConnect: false },
  centralus: { short: 'cus', title: 'Central US', hasLink: true, hasDirectConnect: true },
  eastasia: { short: 'ea', title: 'East Asia', hasLink: true, hasDirectConnect: false },
  eastus: { short: 'eus', title: 'East US', hasLink: true, hasDirectConnect: false },
  eastus2: { short: 'eus2', title: 'East US 2', hasLink: true, hasDirectConnect: true },
  francecentral: { short: 'frc', title: 'France Central', hasLink: true, hasDirectConnect: false },
  germanywestcentral: { short: 'gwc', title: 'Germany West Central', hasLink: true, hasDirectConnect: false },
  italynorth: { short: 'itn', title: 'Italy North', hasLink: false, hasDirectConnect: false },
  japaneast: { short: 'jpe', title: 'Japan East', hasLink: true, hasDirectConnect: false },
  koreacentral: { short: 'krc', title: 'Korea Central', hasLink: true, hasDirectConnect: false },
  northcentralus: { short: 'ncus', title: 'North Central US', hasLink: false, hasDirectConnect: true },
  northeurope: { short: 'neu', title: 'North Europe', hasLink: true, hasDirectConnect: false },
  norwayeast: { short: 'noe', title: 'Norway East', hasLink: true, hasDirectConnect: false },
  polandcentral: { short: 'plc', title: 'Poland Central', hasLink: false, hasDirectConnect: false },
  southafricanorth: { short: 'san', title: 'South Africa North', hasLink: true, hasDirectConnect: false },
  southcentralus: { short: 'scus', title: 'South Central US', hasLink: true, hasDirectConnect: true },
  southeastasia: { short: 'sea', title: 'Southeast Asia', hasLink: true, hasDirectConnect: true },
  spaincentral: { short: 'spc', title: 'Spain Central', hasLink: false, hasDirectConnect: true },
  swedencentral: { short: 'sec', title: 'Sweden Central', hasLink: true, hasDirectConnect: false },
  switzerlandnorth: { short: 'szn', title: 'Switzerland North', hasLink: false, hasDirectConnect: false },
  uksouth: { short: 'uks', title: 'UK South', hasLink: true, hasDirectConnect: false },
  westeurope: { short: 'weu', title: 'West Europe', hasLink: true, hasDirectConnect: false },
  westus: { short: 'wus', title: 'West US', hasLink: false, hasDirectConnect: true },
  westus2: { short: 'wus2', title: 'West US 2', hasLink: true, hasDirectConnect: true },
  westus3: { short: 'wus3', title: 'West US 3', hasLink: true, hasDirectConnect: true },
}

const listed = (has: (region: Region) => boolean): string =>
  Object.keys(regions)
    .filter((name) => has(regions[name] as Region))
    .join(', ')

export const shortRegion = (location: string): string => regions[location]?.short ?? location
export const regionTitle = (location: string): string | undefined => regions[location]?.title
export const isFrontDoorLinkRegion = (location: string): boolean => regions[location]?.hasLink === true
export const isDirectConnectRegion = (location: string): boolean => regions[location]?.hasDirectConnect === true
export const listFrontDoorLinkRegions = (): string => listed((region) => region.hasLink)
export const listDirectConnectRegions = (): string => listed((region) => region.hasDirectConnect)
