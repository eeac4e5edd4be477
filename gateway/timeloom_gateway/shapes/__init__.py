"""ElectricSQL's shape protocol at its own address: requests and answers pass as they are."""
