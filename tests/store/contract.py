"""What every store must do, written against ports.Store only.

To test a store: mix StoreContract into a trial TestCase with a `new_store()` (see base.StoreCase).
"""

from tests.store.contract_dialects import DialectContract
from tests.store.contract_esmes import EsmeContract
from tests.store.contract_mo import MoContract
from tests.store.contract_money import MoneyContract
from tests.store.contract_optouts import OptOutContract
from tests.store.contract_orphans import OrphanContract
from tests.store.contract_providers import ProviderContract
from tests.store.contract_queries import QueryContract
from tests.store.contract_receipts import ReceiptContract
from tests.store.contract_sending import SendingContract
from tests.store.contract_spooled import SpooledContract
from tests.store.contract_styles import StyleContract
from tests.store.contract_submit import SubmitContract
from tests.store.contract_sweeps import SweepContract
from tests.store.contract_walk import WalkContract
from tests.store.contract_ways import WaysContract
from tests.store.contract_whole import WholeContract

CONTRACTS = (
    SubmitContract,
    SendingContract,
    ReceiptContract,
    SweepContract,
    QueryContract,
    DialectContract,
    StyleContract,
    WholeContract,
    EsmeContract,
    WaysContract,
    MoContract,
    MoneyContract,
    OptOutContract,
    OrphanContract,
    ProviderContract,
    WalkContract,
    SpooledContract,
)
