-- compatible
-- An object that the store does not give up, while it answers otherwise: a bad sector, an archived blob.
alter table fixity_fault drop constraint fixity_fault_fault_check;
alter table fixity_fault add constraint fixity_fault_fault_check
  check (fault in ('missing', 'unreadable', 'length', 'bytes'));
