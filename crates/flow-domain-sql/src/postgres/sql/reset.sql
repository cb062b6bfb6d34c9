-- Empties a schema for the next test run. The sequences go back to where the migrations left them.
delete from :"schema".event;
delete from :"schema".stream;
delete from :"schema".state;
delete from :"schema".outbox;
delete from :"schema".member;
delete from :"schema".partition;
select setval(:'schema.event_position', 0, true), setval(:'schema.outbox_number_seq', 1, false);
