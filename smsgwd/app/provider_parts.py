"""Settings of all connectors, those of providers with their plugins: what a start and a reload make of the file."""

from __future__ import annotations

from smsgwd.app.provider_checks import plugin_of
from smsgwd.config import Config
from smsgwd.config.errors import ConfigMistakes
from smsgwd.config.model.connectors import ProviderConnector
from smsgwd.config.model.smpp_connector import SmppConnector
from smsgwd.net.tls import TlsError
from smsgwd.providers.loading import PluginTrouble
from smsgwd.southbound.provider.settings import ProviderSettings, provider_settings
from smsgwd.southbound.settings import Settings, settings_of

AnySettings = Settings | ProviderSettings


def provider_settings_of(config: Config) -> list[ProviderSettings]:
    """Settings of the provider connectors of a configuration that `load_config` has read. Raises ConfigMistakes."""
    return [each for each in connector_settings_of(config) if isinstance(each, ProviderSettings)]


def connector_settings_of(config: Config) -> list[AnySettings]:
    """Settings of every connector, in their order. Raises ConfigMistakes with all that is wrong: certificates that
    cannot be used, plugins that are not there."""
    settings: list[AnySettings] = []
    problems: list[str] = []
    for section in config.connectors:
        try:
            settings.append(_settings(section))
        except TlsError as error:
            problems.append(f"{config.path}: connectors[{section.id}].tls: {error}")
        except PluginTrouble as trouble:
            problems.append(f"{config.path}: connectors[{section.id}].provider: {trouble}")
    if problems:
        raise ConfigMistakes(problems)
    return settings


def _settings(section: SmppConnector | ProviderConnector) -> AnySettings:
    if isinstance(section, SmppConnector):
        return settings_of(section)
    return provider_settings(section, plugin_of(section.provider))
