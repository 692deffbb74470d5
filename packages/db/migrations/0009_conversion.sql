-- compatible
-- Keeps its number for the conversion of other formats.
select 1;
