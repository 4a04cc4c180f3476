-- SPDX-License-Identifier: Apache-2.0
-- An edge has one time, not two: events that repeat what is known (the COMPLETE after the START)
-- then find nothing to write, and an edge is narrower.

DROP TRIGGER lineage_edge_grows ON lineage_edge;
ALTER TABLE lineage_edge RENAME COLUMN first_at TO at;
UPDATE lineage_edge SET at = last_at WHERE kind = 5 AND at <> last_at;
ALTER TABLE lineage_edge DROP COLUMN last_at;
COMMENT ON COLUMN lineage_edge.at IS
    'Earliest time for which anybody said so. Of a write without a version (kind 5) the latest: '
    'when the data was there';
CREATE INDEX lineage_edge_write_any ON lineage_edge (target_id, at) INCLUDE (source_id)
    WHERE kind = 5;
COMMENT ON INDEX lineage_edge_write_any IS
    'Who wrote a dataset last before a time, without saying which version';

CREATE TRIGGER lineage_edge_holds BEFORE UPDATE ON lineage_edge
    FOR EACH ROW WHEN (
        (OLD.source_id, OLD.target_id, OLD.kind, OLD.workspace_id)
            IS DISTINCT FROM (NEW.source_id, NEW.target_id, NEW.kind, NEW.workspace_id)
        OR (OLD.kind <> 5 AND NEW.at > OLD.at) OR (OLD.kind = 5 AND NEW.at < OLD.at))
    EXECUTE FUNCTION lineage_edge_refuse_change();
COMMENT ON TRIGGER lineage_edge_holds ON lineage_edge IS
    'Only the time may change, and only where an event says an earlier (of kind 5, a later) one';
