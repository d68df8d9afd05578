"""Clients of rpiasgige servers: lenswire's `--door rpiasgige`, and the originals.

`rpiasgige.client_api` speaks plain TCP, `rpiasgige.ws_client_api` WebSocket; both offer Device, Performance_Counter
and printf."""
