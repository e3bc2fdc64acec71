"""What the tests share: raw clients, certificates, programs, stages, and the peers that run on Node."""
